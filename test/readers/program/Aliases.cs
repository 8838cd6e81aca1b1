// What the versions of the library call the same things.
#if ODL6
global using Microsoft.OData.Core;
global using Microsoft.OData.Edm.Library;
global using Resource = Microsoft.OData.Core.ODataEntry;
global using ResourceSet = Microsoft.OData.Core.ODataFeed;
global using NestedInfo = Microsoft.OData.Core.ODataNavigationLink;
#else
global using Microsoft.OData;
global using Resource = Microsoft.OData.ODataResource;
global using ResourceSet = Microsoft.OData.ODataResourceSet;
global using NestedInfo = Microsoft.OData.ODataNestedResourceInfo;
#endif
global using Microsoft.OData.Edm;
